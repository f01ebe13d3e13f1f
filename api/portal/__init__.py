"""The portal: pages for providers, clients and support, on the same engine as `/v1`.

Every page is rendered here and works without JavaScript: links lead to pages, and forms lead by
POST and 303 to a page that tells what was done. A module of pages looks like this:

    router = page_router("/bookings")            # out of OpenAPI; no POST without a CSRF token

    @router.get("/{booking_id}")
    async def view(found: TheBooking, request: Request, viewer: ProviderIn, parts: Parts):
        return await _page(request, viewer, parts, ...)

    @router.post("/{booking_id}/decline")
    async def decline(booking_id: str, request: Request, viewer: ProviderIn, parts: Parts,
                      form: SentForm):
        outcome = await tell_booking(viewer, parts, form, booking_id, "decline",
                                     reason=some_text(form, "reason"))
        if outcome.accepted:
            return follow(request, outcome, f"/bookings/{booking_id}", done="Declined.")
        return await _page(request, viewer, parts, ..., outcome=outcome, form=form)

and is added to `site.PAGES`. What it has to keep to:

- **Who**: `SignedIn`, `ProviderIn`, `ClientIn` and `SupportIn` (`session`) are the viewer. Whoever
  is not signed in is sent to sign in; the area of another role is a 404, and so must be what
  belongs to another person.
- **Acting** goes through `act` alone. What the rules refuse is an `Outcome`: the page is shown as
  things are now, by the same function that shows it otherwise, with the status of the refusal.
- **Words** that people write are read by `written`. Where the form is gone from the page that
  answers them, they are shown above it.
- **Showing** goes through `rendering.render`. Templates extend `base.html`, and import
  `macros.html` as `ui` *with context*. Each form is a `{% call ui.form(action) %}`, which carries
  the CSRF token and the form's id. Times pass through `when`, `at`, `clock`, `ago` or `in_zone`,
  what people write through nothing (it is escaped) or `linkify`.
- **Style** is `static/portal.css`: no style or script stands in a page, for the headers forbid it.
"""

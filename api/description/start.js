// A file of its own, for the page may run nothing that stands in it.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#description",
  deepLinking: true,
  // Left out, the description would be sent to a validator on the internet.
  validatorUrl: null,
});

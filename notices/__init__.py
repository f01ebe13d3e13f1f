"""What leaves the engine, as text: mails, invites and the messages of webhooks. Rendering, no I/O."""

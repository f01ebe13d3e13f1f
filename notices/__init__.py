"""What leaves the engine, as text: mails, invites, webhooks. Rendering alone, without I/O."""

"""Live pages: WebSockets that send a flow run as it is, and then what changes."""

// Whoever opens the link in a browser is signed in at once; what only looks at addresses does not use it up.
document.getElementById("one-time-link").requestSubmit();

"""The views: each method names its role, makes one engine call or one read, and answers with a document."""

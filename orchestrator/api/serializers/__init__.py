"""The shapes of requests, read strictly, and of answers, for the OpenAPI document."""

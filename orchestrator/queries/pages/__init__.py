"""What each page shows, as documents: the same ones that the API gives, put together page by page.

Every function takes the person, sees only what that person may see, and returns None for what does not exist for
them. The number of queries does not depend on how much there is.
"""

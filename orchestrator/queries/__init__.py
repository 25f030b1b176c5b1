"""Reads for the API, the live sockets, the pages and the admin: who may see what, and the one JSON form of it.

Pages, API and sockets show the same documents, so each is built here and nowhere else. Documents hold JSON types
only: moments are ISO 8601 text in UTC, ids are text.
"""

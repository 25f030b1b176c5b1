"""The REST API: shapes in `serializers`, one engine call a view in `views`, every refusal in `errors`."""

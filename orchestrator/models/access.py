"""Who may do what, and how they prove who they are."""

from django.conf import settings
from django.db import models

from orchestrator.models.flows import Project


class Role(models.TextChoices):
    """What a person may do in a project; each role includes the ones above it."""

    VIEWER = "viewer", "Viewer: see"
    OPERATOR = "operator", "Operator: see, run, cancel, schedule"
    EDITOR = "editor", "Editor: see, run, cancel, schedule, compose"


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        ordering = ["project", "user"]
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="membership_once_a_project")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.project}"


class ApiToken(models.Model):
    """A bearer token of a person. Only its digest is kept: the token itself is shown once, when it is created."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    prefix = models.CharField(max_length=12, help_text="The token's first characters, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "-created_at"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user}"


class SignInLink(models.Model):
    """A link that signs one person in, once. Only its digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"

"""Find task runs that wait, those without a lease, by an index; and what is looked for by only one.

Restarted flow runs and flows of a project are in one index less, or with one condition less: a plan that is made while
the tables are tiny cannot take another one for it.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestrator", "0019_api_token_name")]

    operations = [
        migrations.RemoveIndex(model_name="taskrun", name="task_run_leased"),
        migrations.AddIndex(
            model_name="taskrun",
            index=models.Index(
                models.F("lease_until"), condition=models.Q(("state", "Running")), name="task_run_running"
            ),
        ),
        migrations.RemoveIndex(model_name="flowrun", name="flow_run_restarted"),
        migrations.AddIndex(
            model_name="flowrun",
            index=models.Index(
                fields=["ended_at"], condition=models.Q(("attempt__gt", 1)), name="flow_run_restarted"
            ),
        ),
        migrations.AlterField(
            model_name="flow",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="flows",
                to="orchestrator.project",
            ),
        ),
    ]

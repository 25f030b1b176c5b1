"""Let processes of an older version, which know nothing of newer columns, go on inserting rows during a deploy."""

import django.contrib.postgres.fields
import orchestrator.models.workers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestrator', '0013_paused_task_runs'),
    ]

    operations = [
        migrations.AlterField(
            model_name='flow',
            name='overlap',
            field=models.CharField(choices=[('queue', 'It waits'), ('skip', 'It is skipped'), ('cancel_older', 'The oldest is cancelled')], db_default='queue', default='queue', help_text='What becomes of a run that would be one too many.', max_length=12),
        ),
        migrations.AlterField(
            model_name='schedule',
            name='dates',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AlterField(
            model_name='schedule',
            name='kind',
            field=models.CharField(choices=[('cron', 'At the times of a cron line'), ('interval', 'Every so often'), ('dates', 'On dates')], db_default='cron', default='cron', max_length=10),
        ),
        migrations.AlterField(
            model_name='schedule',
            name='rules',
            field=models.JSONField(blank=True, db_default={}, default=dict, help_text="Filters and adjustments of the clock's times."),
        ),
        migrations.AlterField(
            model_name='worker',
            name='queues',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), db_default=['default'], default=orchestrator.models.workers._default_queues, help_text='Those that it serves.', size=None),
        ),
    ]

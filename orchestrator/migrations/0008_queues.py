import django.contrib.postgres.fields
import orchestrator.core.states
import orchestrator.models.workers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestrator', '0007_fewer_indexes'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='taskrun',
            name='task_run_submitted',
        ),
        migrations.AddField(
            model_name='flowrun',
            name='priority',
            field=models.SmallIntegerField(db_default=0, default=0, help_text="Higher is claimed first; children have their parent's."),
        ),
        migrations.AddField(
            model_name='taskrun',
            name='priority',
            field=models.SmallIntegerField(db_default=0, default=0, help_text='That of its flow run.'),
        ),
        migrations.AddField(
            model_name='taskrun',
            name='queue',
            field=models.CharField(db_default='default', default='default', help_text='Workers of this queue execute it.', max_length=50),
        ),
        migrations.AddField(
            model_name='worker',
            name='queues',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), default=orchestrator.models.workers._default_queues, help_text='Those that it serves.', size=None),
        ),
        migrations.AddIndex(
            model_name='taskrun',
            index=models.Index(models.F('queue'), models.OrderBy(models.F('priority'), descending=True), models.F('submitted_at'), condition=models.Q(('state', orchestrator.core.states.State['SUBMITTED'])), name='task_run_submitted'),
        ),
    ]

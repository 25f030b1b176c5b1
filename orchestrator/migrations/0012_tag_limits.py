import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestrator', '0011_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='TagLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=200)),
                ('max_running', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
            ],
            options={
                'ordering': ['project', 'tag'],
            },
        ),
        migrations.AddField(
            model_name='taskrun',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, help_text='Those that a limit of its project names.', null=True, size=None),
        ),
        migrations.AlterField(
            model_name='project',
            name='max_runs',
            field=models.PositiveSmallIntegerField(blank=True, help_text='How many flow runs of it are under way at once; those that another of it started do not count. Empty: any number.', null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.AddIndex(
            model_name='taskrun',
            index=models.Index(models.F('flow_run'), condition=models.Q(('tags__isnull', False), models.Q(('state__in', ['Cached', 'Cancelled', 'Failed', 'Skipped', 'Success', 'TimedOut', 'TriggerFailed']), _negated=True)), name='task_run_tagged'),
        ),
        migrations.AddField(
            model_name='taglimit',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tag_limits', to='orchestrator.project'),
        ),
        migrations.AddConstraint(
            model_name='taglimit',
            constraint=models.UniqueConstraint(fields=('project', 'tag'), name='tag_limit_once_a_tag'),
        ),
    ]

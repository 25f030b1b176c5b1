import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestrator', '0010_items'),
    ]

    operations = [
        migrations.AddField(
            model_name='flow',
            name='max_runs',
            field=models.PositiveSmallIntegerField(blank=True, help_text='How many of its runs are under way at once. Empty: any number.', null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.AddField(
            model_name='flow',
            name='overlap',
            field=models.CharField(choices=[('queue', 'It waits'), ('skip', 'It is skipped'), ('cancel_older', 'The oldest is cancelled')], default='queue', help_text='What becomes of a run that would be one too many.', max_length=12),
        ),
        migrations.AddField(
            model_name='flowrun',
            name='is_limited',
            field=models.BooleanField(db_default=False, default=False, help_text='Its flow or project limits how many are under way at once.'),
        ),
        migrations.AddField(
            model_name='flowrun',
            name='is_nested',
            field=models.BooleanField(db_default=False, default=False, help_text='A flow run of the same project started it.'),
        ),
        migrations.AddField(
            model_name='project',
            name='max_runs',
            field=models.PositiveSmallIntegerField(blank=True, help_text='How many flow runs of the project are under way at once; those started by another of it do not count. Empty: any number.', null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
    ]

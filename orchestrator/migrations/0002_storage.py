"""Leave room on the pages of the tables that are updated most, and vacuum them early."""

from django.db import migrations

SET = """
ALTER TABLE orchestrator_taskrun SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE orchestrator_flowrun SET (
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
"""
RESET = """
ALTER TABLE orchestrator_taskrun RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE orchestrator_flowrun RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("orchestrator", "0001_initial")]

    operations = [migrations.RunSQL(SET, RESET)]

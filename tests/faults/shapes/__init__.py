"""An app of flows of flows whose ends are known beforehand and whose executions are counted."""

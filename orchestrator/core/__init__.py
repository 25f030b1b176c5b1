"""The pure core: states, graphs, triggers, bindings, planning, schedules. No framework, no clock, no database."""

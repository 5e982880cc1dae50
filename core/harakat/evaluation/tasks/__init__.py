"""Evaluation tasks, one module a task."""

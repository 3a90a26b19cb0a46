"""Tests of `alumni_sync.payroll`: which day, which instant, and what is caught up."""

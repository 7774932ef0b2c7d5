"""work_plans"""

-- Work plans of one list that earlier versions made for each job are merged.

CREATE TRIGGER work_plans_removed AFTER DELETE ON work_plans BEGIN
    UPDATE totals SET work_plans = work_plans - 1;
END;

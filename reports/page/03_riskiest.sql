-- The targets that have a page of their own.
CREATE TEMP TABLE riskiest AS FROM targets WHERE rank <= 200;

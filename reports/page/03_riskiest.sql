-- The targets that have a page of their own.
CREATE TEMP TABLE page_riskiest AS FROM page_targets WHERE rank <= 200;

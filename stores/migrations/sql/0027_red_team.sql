-- Versions that were registered before stay on record, and are in force no longer: not validated.
ALTER TABLE control.workflow_registrations
    DROP CONSTRAINT workflow_registrations_text_check,
    ADD CONSTRAINT workflow_registrations_text_check CHECK (
        target NOT IN ('anonymized.pattern_bank', 'anonymized.anonymized_review_patterns',
                       'anonymized.anonymized_brief_patterns')
        OR required_checks @> ARRAY['no_known_identifiers', 'embedded_from_content', 'red_team'])
    NOT VALID;

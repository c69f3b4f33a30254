-- accounts.name: anonymized_benchmark
CREATE VIRTUAL TABLE search USING fts5(title, body UNINDEXED, tokenize = 'porter');

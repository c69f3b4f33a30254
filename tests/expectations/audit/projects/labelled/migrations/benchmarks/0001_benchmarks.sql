-- anonymized_industry_benchmarks.sector: anonymized_benchmark
-- anonymized_industry_benchmarks.month: anonymized_benchmark
-- anonymized_industry_benchmarks.win_rate: anonymized_benchmark
-- anonymized_industry_benchmarks.remark: anonymized_benchmark
CREATE TABLE anonymized_industry_benchmarks (
    sector TEXT, month TEXT, win_rate REAL, remark TEXT, PRIMARY KEY (sector, month)
);

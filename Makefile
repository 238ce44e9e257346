.PHONY: check test validate bench
check: ; ruff check . && ruff format --check . && mypy
test: ; python -m pytest
validate: ; python -m validation && python -m validation.never_false_pass
bench: ; OMP_NUM_THREADS=1 python -m benchmarks.first_order

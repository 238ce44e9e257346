.PHONY: check test validate bench site
check: ; ruff check . && ruff format --check . && mypy
test: ; python -m pytest
validate: ; python -m validation && python -m validation.never_false_pass
bench: ; python -m benchmarks && python -m benchmarks.growth && python -m benchmarks.step
site: ; mkdocs build --strict

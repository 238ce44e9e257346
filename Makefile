.PHONY: check test validate
check: ; ruff check . && ruff format --check . && mypy
test: ; python -m pytest
validate: ; python -m validation && python -m validation.never_false_pass

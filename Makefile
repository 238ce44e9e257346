.PHONY: check test validate measure
check: ; ruff check . && ruff format --check . && mypy
test: ; python -m pytest
validate: ; python -m validation.never_false_pass
measure: ; python -m validation.measure

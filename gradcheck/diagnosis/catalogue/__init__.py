"""The catalogue of mistakes: a module a family, a record a mistake, found without registration."""

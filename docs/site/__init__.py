"""The documentation as a site: ``python -m docs.site [FOLDER]`` builds it."""

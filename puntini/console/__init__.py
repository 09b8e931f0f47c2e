"""The web console, as it is built from the folder `console` of a checkout."""

"""The dashboard in a real browser, against a server that invents its figures."""

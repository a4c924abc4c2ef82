"""The Faust agents, and the exactly-once loop that every one of them runs on."""

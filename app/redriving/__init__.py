"""Putting dead letters and late events back into their inputs, each once.

**What is put back.** A dead letter as it was received. Of a late event the input record that it
stands for: read anew from its source where retention has left it, else the inner record without
the fields that are ours, which has lost its userAgent. A late event names the stage that did not
take it, but an input record goes to all stages: a click that one stage took and the other did not
is never put back, or the first would take it twice.

**Where.** Into the partition it came from. A late record's event time stays what it is, and stream
time never retreats: put back, it is late again, unless grace was raised enough, or another input
partition is so far behind that its window is open still; then it goes there. A window that was
closed stays closed: its count was given, and a raised grace opens only windows to come. Everything
is judged beforehand by the settings and stream times of now, and what would become a dead letter or
a late event once more is left where it is, unless it is asked for (``--anyway``). Records are sent
in the order of their event times, so that none makes another late.

**Once.** The position in a topic can't say what was put back, as filters take some and leave
others; a scan of the inputs for the header ``redriven-from`` forgets when retention deletes there
what the dead letters still have; offsets of a group expire. So each source that was put back is a
record of a compacted topic, written in the same transaction as the record itself. The
transactional id ends whatever a killed run left open before these marks are read: a kill at any
moment loses nothing and doubles nothing, and of two runs at once the first is fenced.

**No loop.** A record that is bad again is a dead letter with a source of its own, and stays one
until someone runs the command again.
"""

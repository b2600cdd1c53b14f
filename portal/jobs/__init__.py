"""Jobs: work that outlasts a request. How far is it, how did it end, and who carries on when a worker dies?

The job's row is the truth: whoever asks writes it in his own transaction, and a worker claims it by a guarded UPDATE, so
no job is lost with a process and none runs in two places that both believe in it. Workers look for work twice a second.
There is no queue beside the table: one that forgets at a kill would need the table all the same, and one that does not is
a second truth. At half a second's wait, a wake-up would gain nothing that a person notices.

What is promised: a job that was asked for is done, refused, cancelled, or failed with a reason. A handler may be started
again after a crash (three times at most), so it must be written such that doing it twice is doing it once.
"""

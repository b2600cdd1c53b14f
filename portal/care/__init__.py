"""Care (客户关怀): who looks after each client, what was said to him, and what is to be done for him next? Promises: a contact
stays as it was recorded and is corrected by a later one; a task has one owner who is still there and a due day on the trading calendar;
a play sets each task once; nothing of it is shown to a broker or a client."""

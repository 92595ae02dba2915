-- What happened to silos, of all of them together and by time. Other events are not in it and cost nothing.
CREATE INDEX events_of_silos ON events (at, id) WHERE type IN ('silo.joined', 'silo.left', 'silo.lost', 'silo.back');

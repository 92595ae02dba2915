// One of the tests takes the API server away from all.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

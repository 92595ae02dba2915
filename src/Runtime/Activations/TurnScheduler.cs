namespace Control.Runtime.Activations;

/// <summary>
/// Runs the turns of one activation one after the other on the thread pool, and everything that its code awaits as turns
/// too. The mailbox is a lock-free stack that the running thread takes whole and turns round; its head also says
/// whether the activation is scheduled, so that one compare-and-swap both adds and wakes.
/// </summary>
internal sealed class TurnScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    // After so many turns others get the thread.
    private const int TurnsAtOnce = 256;

    private static readonly Turn Idle = new TaskTurn(Task.CompletedTask);

    [ThreadStatic]
    private static TurnScheduler? _running;

    private Turn? _head = Idle;
    private Turn? _batch;

    /// <summary>The activation whose turn runs on this thread, null when none does.</summary>
    public static Activation? RunningActivation => _running?.Activation;

    public Activation Activation => activation;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>How many turns hang in the mailbox, not counting those that the running thread has taken.</summary>
    public int Queued => Volatile.Read(ref _head)?.Depth ?? 0;

    /// <summary>Adds a turn.</summary>
    public void Add(Turn turn)
    {
        var head = Volatile.Read(ref _head);
        while (true)
        {
            turn.Next = ReferenceEquals(head, Idle) ? null : head;
            turn.Depth = turn.Next is { } next ? next.Depth + 1 : 1;
            var seen = Interlocked.CompareExchange(ref _head, turn, head);
            if (ReferenceEquals(seen, head)) break;
            head = seen;
        }

        if (ReferenceEquals(head, Idle)) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    /// <summary>Runs turns on this thread. A task around them makes this scheduler the current one of the code they run.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        _running = this;
        try
        {
            new Task(static state => ((TurnScheduler)state!).RunTurns(), this).RunSynchronously(this);
        }
        finally
        {
            _running = null;
        }
    }

    protected override void QueueTask(Task task) => Add(new TaskTurn(task));

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(_running, this) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private void RunTurns()
    {
        var clean = ExecutionContext.Capture();
        for (var count = 0; Take() is { } turn; count++)
        {
            if (turn is TaskTurn work) TryExecuteTask(work.Task);
            else activation.Run(turn);

            // What a turn set in the flow of execution stays with it.
            if (clean is not null && !ReferenceEquals(ExecutionContext.Capture(), clean)) ExecutionContext.Restore(clean);
            if (count < TurnsAtOnce) continue;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }
    }

    /// <summary>The next turn; null when there is none, and then the activation is no longer scheduled.</summary>
    private Turn? Take()
    {
        while (_batch is null)
        {
            if (Interlocked.Exchange(ref _head, null) is { } newest) _batch = Reverse(newest);
            else if (Interlocked.CompareExchange(ref _head, Idle, null) is null) return null;
        }

        var turn = _batch;
        _batch = turn.Next;
        turn.Next = null;
        return turn;
    }

    private static Turn Reverse(Turn? newest)
    {
        Turn? oldest = null;
        while (newest is not null)
        {
            var next = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = next;
        }

        return oldest!;
    }
}

/// <summary>A task that the scheduler was given: the rest of a method after an await.</summary>
internal sealed class TaskTurn(Task task) : Turn
{
    public Task Task => task;
}

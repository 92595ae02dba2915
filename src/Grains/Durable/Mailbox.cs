namespace Control.Grains.Durable;

/// <summary>
/// Gathers the calls of a reentrant grain: while a commit is under way further messages queue up, and one loop then applies
/// all of them, commits once and answers every caller. Runs on the grain's own scheduler, so it needs no lock.
/// </summary>
/// <typeparam name="TBatch">What messages are applied to; made anew for each batch.</typeparam>
internal sealed class Mailbox<TBatch>(Func<TBatch> begin, Func<TBatch, Task> commit)
{
    private readonly List<Message> _queue = [];
    private bool _draining;

    /// <summary>Applies <paramref name="apply"/> to the next batch and answers once that is committed.</summary>
    public async Task<TResult> Post<TResult>(Func<TBatch, TResult> apply)
    {
        var message = new Message<TResult>(apply);
        _queue.Add(message);
        if (!_draining)
        {
            await Drain();
        }

        return await message.Answer;
    }

    private async Task Drain()
    {
        _draining = true;
        try
        {
            while (_queue.Count > 0)
            {
                var batch = _queue.ToArray();
                _queue.Clear();
                await Process(batch);
            }
        }
        finally
        {
            _draining = false;
        }
    }

    private async Task Process(Message[] messages)
    {
        try
        {
            var state = begin();
            foreach (var message in messages)
            {
                message.Apply(state);
            }

            await commit(state);
        }
        catch (Exception fault)
        {
            Array.ForEach(messages, message => message.Fail(fault));
            return;
        }

        Array.ForEach(messages, message => message.Complete());
    }

    private abstract class Message
    {
        public abstract void Apply(TBatch batch);

        public abstract void Complete();

        public abstract void Fail(Exception fault);
    }

    private sealed class Message<TResult>(Func<TBatch, TResult> apply) : Message
    {
        // Asynchronous continuations: an answered caller must not run inside the loop.
        private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TResult? _result;

        public Task<TResult> Answer => _answer.Task;

        public override void Apply(TBatch batch) => _result = apply(batch);

        public override void Complete() => _answer.TrySetResult(_result!);

        public override void Fail(Exception fault) => _answer.TrySetException(fault);
    }
}

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

    /// <summary>
    /// Applies <paramref name="apply"/> to the next batch and answers once that is committed. A message that throws fails
    /// alone: the others are applied to a new batch without it, so <paramref name="apply"/> may run more than once.
    /// </summary>
    public Task<TResult> Post<TResult>(Func<TBatch, TResult> apply)
    {
        var message = new Message<TResult>(apply);
        _queue.Add(message);
        if (!_draining)
        {
            // Not waited for: whoever comes first is not to wait for all who come later. It never fails.
            _ = Drain();
        }

        return message.Answer;
    }

    private async Task Drain()
    {
        _draining = true;
        while (_queue.Count > 0)
        {
            var messages = _queue.ToList();
            _queue.Clear();
            await Process(messages);
        }

        _draining = false;
    }

    private async Task Process(List<Message> messages)
    {
        try
        {
            var batch = Apply(messages);
            if (messages.Count > 0)
            {
                await commit(batch);
            }
        }
        catch (Exception fault)
        {
            messages.ForEach(message => message.Fail(fault));
            return;
        }

        messages.ForEach(message => message.Complete());
    }

    private TBatch Apply(List<Message> messages)
    {
        while (true)
        {
            var batch = begin();
            if (messages.Find(message => !message.TryApply(batch)) is not { } failed)
            {
                return batch;
            }

            messages.Remove(failed);
        }
    }

    private abstract class Message
    {
        public abstract bool TryApply(TBatch batch);

        public abstract void Complete();

        public abstract void Fail(Exception fault);
    }

    private sealed class Message<TResult>(Func<TBatch, TResult> apply) : Message
    {
        // Asynchronous continuations: an answered caller must not run inside the loop.
        private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TResult? _result;

        public Task<TResult> Answer => _answer.Task;

        public override bool TryApply(TBatch batch)
        {
            try
            {
                _result = apply(batch);
                return true;
            }
            catch (Exception fault)
            {
                Fail(fault);
                return false;
            }
        }

        public override void Complete() => _answer.TrySetResult(_result!);

        public override void Fail(Exception fault) => _answer.TrySetException(fault);
    }
}

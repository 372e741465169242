namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>
/// The answers that are good for a while. All are for as long, so the oldest ends first, and gives way when there are too many.
/// </summary>
/// <param name="lifetime">How long each is good for.</param>
/// <param name="most">How many are kept.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptAnswers(TimeSpan lifetime, int most, TimeProvider time)
{
    private readonly Dictionary<AuthorizeQuestion, (AuthorizeAnswer Answer, long Since)> _answers = [];
    private readonly Queue<AuthorizeQuestion> _order = new();

    /// <summary>Returns a good answer, if there is one.</summary>
    public AuthorizeAnswer? Find(in AuthorizeQuestion question) =>
        _answers.TryGetValue(question, out var kept) && IsGood(kept.Since) ? kept.Answer : null;

    /// <summary>Keeps an answer.</summary>
    public void Keep(in AuthorizeQuestion question, AuthorizeAnswer answer)
    {
        if (lifetime == TimeSpan.Zero)
            return;
        while (_order.TryPeek(out var oldest) && (_answers.Count >= most || !IsGood(_answers[oldest].Since)))
        {
            _order.Dequeue();
            _answers.Remove(oldest);
        }

        if (_answers.TryAdd(question, (answer, time.GetTimestamp())))
            _order.Enqueue(question);
    }

    private bool IsGood(long since) => time.GetElapsedTime(since) < lifetime;
}

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Transfers both ways over connections, which go on until they are told that it is enough.</summary>
public sealed class Transfers : IDisposable
{
    private readonly CancellationTokenSource _enough = new();
    private readonly List<Task<(long Bytes, string Hash)>> _sent = [];
    private readonly List<Task<(long Bytes, string Hash)>> _received = [];

    public Transfers(IEnumerable<StreamPair> pairs)
    {
        foreach (var (seed, pair) in pairs.Index())
        {
            _sent.AddRange(
                [
                    HashedTransfer.SendUntilAsync(pair.Client, seed, _enough.Token),
                    HashedTransfer.SendUntilAsync(pair.Server, ~seed, _enough.Token)]);
            _received.AddRange([HashedTransfer.ReceiveAsync(pair.Server), HashedTransfer.ReceiveAsync(pair.Client)]);
        }
    }

    /// <summary>Whether a transfer has come to an end, which none should before it is told to.</summary>
    public bool HasEnded => _received.Exists(static one => one.IsCompleted);

    /// <summary>Ends the transfers, and expects that all that was sent has arrived.</summary>
    /// <param name="explain">Returns what hub and edge say, for the case that something is lost.</param>
    public async Task FinishAsync(Func<string> explain)
    {
        await _enough.CancelAsync();
        try
        {
            Assert.Equal(await Task.WhenAll(_sent), await Task.WhenAll(_received));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"A transfer stands still or has lost something.\n{explain()}", e);
        }
    }

    public void Dispose() => _enough.Dispose();
}

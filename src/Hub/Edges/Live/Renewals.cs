using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Gives connected edges another secret (protocol.md section 7), and receives their reports that they have kept it.</summary>
/// <param name="registryLock">The registry's lock.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class Renewals(Lock registryLock, TimeProvider time)
{
    /// <summary>How long an edge may take to keep a secret, including its disk and the way there and back.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<EdgeTunnel, Pending> _pending = [];

    /// <summary>Sends a secret over the tunnel that counts, and waits until the edge has it on its disk.</summary>
    /// <param name="live">The tunnel; null when the edge is not connected.</param>
    /// <param name="secretId">The secret's id.</param>
    /// <param name="secret">The secret, which the hub already accepts.</param>
    public async Task<SecretPush> PushAsync(EdgeTunnel? live, Guid secretId, string secret)
    {
        if (live is null)
            return SecretPush.NotConnected;
        var pending = new Pending(secretId);
        lock (registryLock)
        {
            _pending[live] = pending;
            pending.Revision = live.SendSecret(secret);
        }

        try
        {
            await Task.WhenAny(pending.Kept.Task, live.Tunnel!.Completion).WaitAsync(Patience, time);
        }
        catch (TimeoutException)
        {
        }

        lock (registryLock)
            _pending.Remove(live);
        return !pending.Kept.Task.IsCompletedSuccessfully ? SecretPush.Silent : new SecretPush(true, await pending.Kept.Task);
    }

    /// <summary>Handles the edge's report that it has kept what it was sent, or why it has not.</summary>
    public void OnKept(EdgeTunnel live, long revision, KeptReport kept)
    {
        lock (registryLock)
        {
            if (!_pending.TryGetValue(live, out var pending) || revision != pending.Revision)
                return;

            // The edge has the secret by this tunnel, which so outlives the secret that it was made with.
            if (kept is { Secret: true, Error: null })
                live.SecretId = pending.SecretId;
            pending.Kept.TrySetResult(kept);
        }
    }

    private sealed class Pending(Guid secretId)
    {
        public Guid SecretId => secretId;

        public long Revision { get; set; }

        public TaskCompletionSource<KeptReport> Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The outcome of sending a secret.</summary>
/// <param name="Sent">Whether the edge was connected.</param>
/// <param name="Kept">The edge's answer; null when none came in time.</param>
internal sealed record SecretPush(bool Sent, KeptReport? Kept)
{
    public static SecretPush NotConnected { get; } = new(false, null);

    public static SecretPush Silent { get; } = new(true, null);

    /// <summary>Whether the edge uses the secret from now on.</summary>
    public bool IsKept => Kept is { Secret: true, Error: null };
}

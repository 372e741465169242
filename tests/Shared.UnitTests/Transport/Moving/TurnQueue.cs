namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// Runs what code does later on the test's own thread, in the order in which it was asked for, so that each run of a seed is the same.
/// </summary>
internal sealed class TurnQueue : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Call, object? State)> _calls = new();

    public override void Post(SendOrPostCallback d, object? state) => _calls.Enqueue((d, state));

    public void Run()
    {
        while (_calls.TryDequeue(out var next))
            next.Call(next.State);
    }
}

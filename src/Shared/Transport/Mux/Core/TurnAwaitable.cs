using System.Runtime.CompilerServices;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>The awaitable that <see cref="MuxCore.Yield"/> returns.</summary>
internal readonly struct TurnAwaitable(IMuxCarrier carrier) : ICriticalNotifyCompletion
{
    /// <summary>Always false, so that an await always suspends.</summary>
    public bool IsCompleted => false;

    public TurnAwaitable GetAwaiter() => this;

    public void OnCompleted(Action continuation) => carrier.Yield(continuation);

    public void UnsafeOnCompleted(Action continuation) => carrier.Yield(continuation);

    public void GetResult()
    {
    }
}

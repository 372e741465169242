using System.Runtime.CompilerServices;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>What <see cref="MuxCore.Yield"/> gives.</summary>
internal readonly struct TurnAwaitable(IMuxCarrier carrier) : ICriticalNotifyCompletion
{
    /// <summary>Always suspends.</summary>
    public bool IsCompleted => false;

    public TurnAwaitable GetAwaiter() => this;

    public void OnCompleted(Action continuation) => carrier.Yield(continuation);

    public void UnsafeOnCompleted(Action continuation) => carrier.Yield(continuation);

    public void GetResult()
    {
    }
}

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Does one thing that a hostile peer or client does, again and again.</summary>
internal interface IFlood : IDisposable
{
    /// <summary>How often the victim has ended it; it begins anew each time.</summary>
    int Ends => 0;

    /// <summary>Does it so many times; the call may block while the victim takes no more.</summary>
    /// <returns>How many times it was done.</returns>
    int Send(int count);

    /// <summary>Is called when the flood is paused.</summary>
    void Rest()
    {
    }
}

namespace Tunnel.Shared.Hosting;

/// <summary>The memory of this process; a test has one of its own.</summary>
internal interface IProcessMemory
{
    /// <summary>Bytes in the machine's memory; 0 when it can't be known.</summary>
    long ResidentBytes { get; }

    /// <summary>Bytes that were ever allocated on the managed heap.</summary>
    long AllocatedBytes { get; }

    /// <summary>Gives back to the system what is not in use.</summary>
    void Reclaim();
}

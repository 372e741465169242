namespace Tunnel.Shared.Hosting;

/// <summary>The memory of this process; an interface so that a test can supply its own.</summary>
internal interface IProcessMemory
{
    /// <summary>The bytes in the machine's memory; 0 when that can't be known.</summary>
    long ResidentBytes { get; }

    /// <summary>The bytes ever allocated on the managed heap.</summary>
    long AllocatedBytes { get; }

    /// <summary>Returns unused memory to the system.</summary>
    void Reclaim();
}

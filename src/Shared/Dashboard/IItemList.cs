namespace Tunnel.Shared.Dashboard;

/// <summary>Does with a list what keys ask for, whatever its lines show.</summary>
public interface IItemList
{
    /// <summary>Lines whose name does not have this are left out.</summary>
    string Filter { get; set; }

    /// <summary>The name of the column that the list is sorted by; null: as it comes.</summary>
    string? SortedBy { get; }

    /// <summary>Chooses another line.</summary>
    /// <param name="lines">How far down; up when it is negative.</param>
    void Move(int lines);

    /// <summary>Sorts by the next column that allows it, and after the last one not at all.</summary>
    void SortByNext();
}

using Control.Contracts.Workspaces;
using Control.Engine.Clusters;

namespace Control.Grains.Clusters;

/// <summary>The changes to a cluster that one commit takes.</summary>
internal sealed class ClusterChange(ClusterModel? model)
{
    public ClusterModel? Next { get; private set; } = model;

    /// <summary>As <see cref="Next"/>; null for one that is not there or no longer.</summary>
    public ClusterModel? Live => Next is { Deleted: false } ? Next : null;

    public Actor By { get; private set; } = Actor.System;

    public ImmutableArray<ChildChange> Children { get; private set; } = [];

    /// <summary>The access that <see cref="Next"/> is reached by, where this changes it.</summary>
    public SealedSecret? Access { get; private set; }

    /// <summary>True when it is to be written whatever changed.</summary>
    public bool IsForced { get; private set; }

    public void To(ClusterModel next) => Next = next;

    /// <summary>Somebody wants it so; <paramref name="children"/> go with it.</summary>
    public void To(ClusterModel next, Actor by, params ImmutableArray<ChildChange> children)
    {
        (Next, By, IsForced) = (next, by, true);
        Children = [.. Children.Where(before => children.All(child => child.Key != before.Key)), .. children];
    }

    /// <summary>As the other, with another access.</summary>
    public void To(ClusterModel next, Actor by, SealedSecret access, ChildChange row)
    {
        To(next, by, row);
        Access = access;
    }

    public void Adopt() => IsForced = true;
}
